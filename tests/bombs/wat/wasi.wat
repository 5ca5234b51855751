;; A plug-in that would have the environment of the machine: it imports WASI. It must not load, and the message names the import.
(component
  (import "wasi:cli/environment@0.2.0" (instance
    (export "get-arguments" (func (result (list string))))))
  (core module $code
    (memory (export "memory") 1)
    (func (export "describe") (result i32) i32.const 0))
  (core instance $code (instantiate $code))
  (alias core export $code "memory" (core memory $memory))
  (alias core export $code "describe" (core func $core))
  (func $describe (result string) (canon lift (core func $core) (memory $memory)))
  (instance $template (export "describe" (func $describe)))
  (export "tiphys:plugin/template@0.1.0" (instance $template))
)
