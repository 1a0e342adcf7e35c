;; Needs all that 32 bits can address.
;; ---
;; when: load
;; comes-to: PluginNeedsTooMuch

(memory (export "memory") 65536)
