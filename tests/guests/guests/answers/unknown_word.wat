;; Answers with an end of an object that there is not.
;; ---
;; comes-to: PluginAnsweredBadly

;; One manifest, whose `ends` is the tenth of two.
(data (i32.const 4100) "\88\13\00\00\01\00\00\00")
(data (i32.const 5009) "\09")
(func (export "launch") (param i32 i32) (result i32) (i32.const 4096))
