;; Needs a table of ten million entries to begin with.
;; ---
;; when: load
;; comes-to: PluginNeedsTooMuch
;; says: 10000000 entries of a table

(table 10000000 funcref)
