;; Reads beyond its memory.
;; ---
;; comes-to: PluginTrapped
;; says: out of bounds memory access

(func (export "launch") (param i32 i32) (result i32)
  (i32.load (i32.const -64)))
