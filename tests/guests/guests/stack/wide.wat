;; Each call keeps a thousand values on the stack.
;; ---
;; comes-to: PluginStackOverflow

(func $wide (param $n i64) (result i64)
@repeat 1000
  (local $l@i i64)
@end
@repeat 1000
  (local.set $l@i (i64.rotl (local.get $n) (i64.const @i)))
@end
  (call $wide (i64.add (local.get $n) (i64.const 1)))
@repeat 1000
  (i64.xor (local.get $l@i))
@end
)
(func (export "launch") (param i32 i32) (result i32)
  (drop (call $wide (i64.const 1)))
  (i32.const 1024))
