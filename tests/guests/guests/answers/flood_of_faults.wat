;; Declines with a hundred thousand faults.
;; ---
;; comes-to: PluginAnsweredBadly
;; says: /invalid/0/code

(memory (export "memory") 64)
(data (i32.const 4096) "\01")
(data (i32.const 4104) "\00\00\08\00\a0\86\01\00")
(func (export "launch") (param i32 i32) (result i32) (i32.const 4096))
