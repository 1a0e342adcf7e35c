;; Asks for memory over and over, though it was refused.
;; ---
;; comes-to: PluginOutOfFuel
;; limits: {fuel: 100000000}

(func (export "launch") (param i32 i32) (result i32)
  (loop $again
    (drop (memory.grow (i32.const 1)))
    (br $again))
  (i32.const 1024))
