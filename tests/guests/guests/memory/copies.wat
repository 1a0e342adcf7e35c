;; Copies its memory over itself: much work for each unit of fuel, so only time stops it.
;; ---
;; comes-to: PluginTimedOut
;; limits: {time-ms: 500, fuel: 9000000000000000000}

(memory (export "memory") 512)
(func (export "launch") (param i32 i32) (result i32)
  (loop $again
    (memory.copy (i32.const 0x80000) (i32.const 0x80001) (i32.const 0x1f00000))
    (br $again))
  (i32.const 1024))
