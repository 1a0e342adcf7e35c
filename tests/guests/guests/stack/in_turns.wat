;; Two functions call each other through a table.
;; ---
;; comes-to: PluginStackOverflow

(type $f (func (param i64) (result i64)))
(table 2 funcref)
(elem (i32.const 0) $one $other)
(func $one (type $f) (i64.add (i64.const 1) (call_indirect (type $f) (local.get 0) (i32.const 1))))
(func $other (type $f) (i64.mul (i64.const 3) (call_indirect (type $f) (local.get 0) (i32.const 0))))
(func (export "launch") (param i32 i32) (result i32)
  (drop (call $one (i64.const 1)))
  (i32.const 1024))
