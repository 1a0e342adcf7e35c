;; Describes itself in a list in a list, a hundred thousand deep.
;; ---
;; when: load
;; comes-to: PluginDescribedBadly

(data (i32.const 4096) "\00\00\08\00\a0\86\01\00")
(memory (export "memory") 32)
(func (export "describe") (result i32)
  (memory.fill (i32.const 0x80000) (i32.const 0x5b) (i32.const 100000))
  (i32.const 4096))
