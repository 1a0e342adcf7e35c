;; Fills a table over and over: each time is one unit of fuel, so only time stops it.
;; ---
;; comes-to: PluginTimedOut
;; limits: {time-ms: 500, fuel: 9000000000000000000}

(table $t 90000 funcref)
(func (export "launch") (param i32 i32) (result i32)
  (loop $again
    (table.fill $t (i32.const 0) (ref.null func) (i32.const 90000))
    (br $again))
  (i32.const 1024))
