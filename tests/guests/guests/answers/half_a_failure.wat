;; Observes a failure that is neither there nor not.
;; ---
;; step: observe
;; comes-to: PluginAnsweredBadly

(data (i32.const 4140) "\09")
(func (export "observe") (param i32 i32) (result i32) (i32.const 4096))
