;; Divides by zero.
;; ---
;; comes-to: PluginTrapped
;; says: divide by zero

(func (export "launch") (param i32 i32) (result i32)
  (i32.div_u (i32.const 1) (i32.load (i32.const 1024))))
