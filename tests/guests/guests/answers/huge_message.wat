;; Observes with a message of two megabytes.
;; ---
;; step: observe
;; comes-to: PluginAnswerTooLarge
;; says: at most 1048576

(memory (export "memory") 64)
(data (i32.const 4116) "\00\00\10\00\00\00\20\00")
(func (export "observe") (param i32 i32) (result i32)
  (memory.fill (i32.const 0x100000) (i32.const 0x20) (i32.const 0x200000))
  (i32.const 4096))
