;; Calls itself without end before it has begun.
;; ---
;; when: load
;; comes-to: PluginStackOverflow

(func $start (call $start) (call $start))
(start $start)
