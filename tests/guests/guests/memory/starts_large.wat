;; Needs more memory to begin with than any call gets.
;; ---
;; when: load
;; comes-to: PluginNeedsTooMuch
;; says: 131072000 bytes of memory

(memory (export "memory") 2000)
