;; Has a memory for threads.
;; ---
;; when: load
;; comes-to: CompileFailed

(memory (export "memory") 2 16 shared)
