;; Answers with neither a plan nor an error.
;; ---
;; comes-to: PluginAnsweredBadly

(data (i32.const 4096) "\07")
(func (export "launch") (param i32 i32) (result i32) (i32.const 4096))
