;; Breaks when asked what it is.
;; ---
;; when: load
;; comes-to: PluginTrapped

(func (export "describe") (result i32) (unreachable))
