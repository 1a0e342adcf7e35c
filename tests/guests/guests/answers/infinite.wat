;; Answers with a number that is too large for any type.
;; ---
;; comes-to: PluginAnsweredBadly
;; says: /choices/0/value

(data (i32.const 4124) "\88\13\00\00\01\00\00\00")
(data (i32.const 5008) "\70\17\00\00\07\00\00\00")
(data (i32.const 6000) "1e99999")
(func (export "launch") (param i32 i32) (result i32) (i32.const 4096))
