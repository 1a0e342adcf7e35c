;; Answers with two gigabytes of text that it does not have.
;; ---
;; comes-to: PluginAnsweredBadly

;; `more` of the plan.
(data (i32.const 4132) "\88\13\00\00\ff\ff\ff\7f")
(func (export "launch") (param i32 i32) (result i32) (i32.const 4096))
