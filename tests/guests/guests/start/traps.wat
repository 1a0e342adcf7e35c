;; Breaks before it has begun.
;; ---
;; when: load
;; comes-to: PluginTrapped

(func $start (unreachable))
(start $start)
