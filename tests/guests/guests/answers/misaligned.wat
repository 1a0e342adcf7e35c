;; Answers with an address at which no plan can be.
;; ---
;; comes-to: PluginAnsweredBadly

(func (export "launch") (param i32 i32) (result i32) (i32.const 4097))
