;; Answers with a list where an object is due.
;; ---
;; comes-to: PluginAnsweredBadly
;; says: /manifests/0/object

(data (i32.const 4100) "\88\13\00\00\01\00\00\00")
(data (i32.const 5000) "\70\17\00\00\02\00\00\00")
(data (i32.const 6000) "[]")
(func (export "launch") (param i32 i32) (result i32) (i32.const 4096))
