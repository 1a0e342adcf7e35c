;; Answers with a number that is none.
;; ---
;; comes-to: PluginAnsweredBadly
;; says: /choices/0/value

;; One choice, with its `value`.
(data (i32.const 4124) "\88\13\00\00\01\00\00\00")
(data (i32.const 5008) "\70\17\00\00\03\00\00\00")
(data (i32.const 6000) "NaN")
(func (export "launch") (param i32 i32) (result i32) (i32.const 4096))
