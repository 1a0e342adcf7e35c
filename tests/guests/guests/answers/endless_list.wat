;; Answers with a list of as many objects as can be counted.
;; ---
;; comes-to: PluginAnsweredBadly

;; `manifests` of the plan.
(data (i32.const 4100) "\00\10\00\00\ff\ff\ff\ff")
(func (export "launch") (param i32 i32) (result i32) (i32.const 4096))
