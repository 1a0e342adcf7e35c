;; Answers with a million objects.
;; ---
;; comes-to: PluginAnswerTooLarge
;; says: at most 1048576

(memory (export "memory") 256)
(data (i32.const 4100) "\00\00\08\00\40\42\0f\00")
(func (export "launch") (param i32 i32) (result i32) (i32.const 4096))
