;; Multiplies without end: few branches, so that time could be short before fuel is.
;; ---
;; comes-to: PluginOutOfFuel

(func (export "launch") (param i32 i32) (result i32)
  (local $n i64)
  (loop $again
@repeat 500
    (local.set $n (i64.div_u (i64.mul (local.get $n) (i64.const 6364136223846793005)) (i64.const 3)))
@end
    (br $again))
  (i32.const 1024))
