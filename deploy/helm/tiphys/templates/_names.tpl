{{- /* -ID, where there is an instance ID. */ -}}
{{- define "tiphys.instance" -}}
{{- with .Values.instanceId }}-{{ . }}{{ end -}}
{{- end -}}

{{- /* Of the service account and of the rights. */ -}}
{{- define "tiphys.name" -}}
tiphys{{ include "tiphys.instance" . }}
{{- end -}}

{{- /* Of the Deployment, and of the Lease: Argo's. */ -}}
{{- define "tiphys.controller" -}}
workflow-controller{{ include "tiphys.instance" . }}
{{- end -}}

{{- /* Not empty, where the workflows of one namespace only are run. */ -}}
{{- define "tiphys.namespaced" -}}
{{- if or .Values.namespaced .Values.managedNamespace }}yes{{ end -}}
{{- end -}}
