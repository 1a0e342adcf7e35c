;; A sizing policy that never decides.
;; ---
;; role: sizing-policy
;; comes-to: PluginOutOfFuel

(func (export "decide") (param i32 i32 i32 i32 i64 i64 i32 i32 i32 i32) (result i32)
  (loop $again (br $again))
  (i32.const 1024))
