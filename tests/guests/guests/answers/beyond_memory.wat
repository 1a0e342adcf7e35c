;; Answers with an address beyond its memory.
;; ---
;; comes-to: PluginAnsweredBadly

(func (export "launch") (param i32 i32) (result i32) (i32.const -16))
