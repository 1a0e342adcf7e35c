;; Never comes to its beginning.
;; ---
;; when: load
;; comes-to: PluginOutOfFuel

(func $start (loop $again (br $again)))
(start $start)
