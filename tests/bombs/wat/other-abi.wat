;; A plug-in of an ABI that this engine does not know. It must not load, and the message names the version.
(component
  (core module $code
    (memory (export "memory") 1)
    (func (export "describe") (result i32) i32.const 0))
  (core instance $code (instantiate $code))
  (alias core export $code "memory" (core memory $memory))
  (alias core export $code "describe" (core func $core))
  (func $describe (result string) (canon lift (core func $core) (memory $memory)))
  (instance $template (export "describe" (func $describe)))
  (export "tiphys:plugin/template@9.9.9" (instance $template))
)
