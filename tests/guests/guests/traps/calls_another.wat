;; Calls a function as if it were of another type.
;; ---
;; comes-to: PluginTrapped
;; says: indirect call type mismatch

(table 1 funcref)
(elem (i32.const 0) $f)
(func $f (param i64))
(func (export "launch") (param i32 i32) (result i32)
  (call_indirect (result i32) (i32.const 0)))
