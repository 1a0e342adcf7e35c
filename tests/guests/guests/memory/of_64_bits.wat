;; Has a second memory, with 64-bit addresses.
;; ---
;; when: load
;; comes-to: CompileFailed

(memory (export "memory") 2)
(memory $second i64 2)
