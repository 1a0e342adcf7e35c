;; A sizing policy that says more than this version of the host knows.
;; ---
;; role: sizing-policy
;; comes-to: PluginAnsweredBadly
;; says: /size/more/surprise

(data (i32.const 4136) "\70\17\00\00\0f\00\00\00")
(data (i32.const 6000) "{\22surprise\22: 1}")
(func (export "decide") (param i32 i32 i32 i32 i64 i64 i32 i32 i32 i32) (result i32) (i32.const 4096))
