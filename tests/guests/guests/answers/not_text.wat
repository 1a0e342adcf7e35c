;; Answers with bytes that are no UTF-8.
;; ---
;; comes-to: PluginAnsweredBadly

;; `more` of the plan.
(data (i32.const 4132) "\88\13\00\00\02\00\00\00")
(data (i32.const 5000) "\ff\fe")
(func (export "launch") (param i32 i32) (result i32) (i32.const 4096))
