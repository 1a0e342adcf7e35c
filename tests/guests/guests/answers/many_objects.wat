;; Answers with a hundred thousand objects. The engine takes them, since their text is short;
;; the check of the plan does not.
;; ---
;; comes-to: answer

(memory (export "memory") 32)
(data (i32.const 4100) "\00\00\08\00\a0\86\01\00")
(func (export "launch") (param i32 i32) (result i32) (i32.const 4096))
