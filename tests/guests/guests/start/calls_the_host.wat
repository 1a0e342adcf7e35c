;; Logs before the host can be called.
;; ---
;; when: load
;; comes-to: PluginTrapped

(import "log" "write" (func $log (param i32 i32 i32 i32)))
(func $start (call $log (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
(start $start)
