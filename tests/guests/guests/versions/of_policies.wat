;; A sizing policy built against another contract, which never ends: it is refused before it
;; runs.
;; ---
;; role: sizing-policy
;; when: load
;; comes-to: WrongWorldVersion
;; says: speaks codeflare:sizing/sizing@0.9.0, this host speaks codeflare:sizing/sizing@0.1.0
;; versions: {sizing: 0.9.0}

(func $start (loop $again (br $again)))
(start $start)
