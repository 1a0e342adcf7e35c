;; Has a second memory.
;; ---
;; when: load
;; comes-to: CompileFailed

(memory (export "memory") 2)
(memory $second 2)
(func (export "launch") (param i32 i32) (result i32)
  (i64.store $second (i32.const 0) (i64.const 1))
  (i32.const 1024))
