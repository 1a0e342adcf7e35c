;; Describes itself in eight megabytes.
;; ---
;; when: load
;; comes-to: PluginAnswerTooLarge
;; says: at most 1048576

(data (i32.const 4096) "\00\00\08\00\00\00\80\00")
(memory (export "memory") 256)
(func (export "describe") (result i32)
  (memory.fill (i32.const 0x80000) (i32.const 0x20) (i32.const 0x800000))
  (i32.const 4096))
