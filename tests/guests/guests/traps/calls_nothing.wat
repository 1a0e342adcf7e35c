;; Calls an entry of a table that is empty.
;; ---
;; comes-to: PluginTrapped
;; says: uninitialized element

(table 2 funcref)
(func (export "launch") (param i32 i32) (result i32)
  (call_indirect (result i32) (i32.const 1)))
