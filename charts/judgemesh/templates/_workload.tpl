{{/* What services and gateway are made of. Each takes a dict: root, name. */}}

{{- define "judgemesh.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  labels:
    {{- include "judgemesh.labels" . | nindent 4 }}
# Its pods ask the API server nothing.
automountServiceAccountToken: false
{{- end }}

{{/* scaled: the values with autoscaling and disruptionBudget */}}
{{- define "judgemesh.scaling" -}}
{{- with .scaled.autoscaling }}
{{- if .enabled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ $.name }}
  labels:
    {{- include "judgemesh.labels" $ | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ $.name }}
  minReplicas: {{ .minReplicas }}
  maxReplicas: {{ .maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .targetCPU }}
  behavior:
    # A pod that goes costs its callers connections: not for every dip.
    scaleDown:
      stabilizationWindowSeconds: 300
{{- end }}
{{- end }}
{{- with .scaled.disruptionBudget }}
{{- if .enabled }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $.name }}
  labels:
    {{- include "judgemesh.labels" $ | nindent 4 }}
spec:
  maxUnavailable: {{ .maxUnavailable }}
  # A pod that does not work protects nothing.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "judgemesh.selector" $ | nindent 6 }}
{{- end }}
{{- end }}
{{- end }}

{{/* The head of a NetworkPolicy. policy: its name */}}
{{- define "judgemesh.policy" -}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ .policy }}
  labels:
    {{- include "judgemesh.labels" (dict "root" .root "name" "network") | nindent 4 }}
spec:
{{- end }}

{{/* A rule that lets to NATS. */}}
{{- define "judgemesh.toNats" -}}
{{- if .Values.nats.enabled -}}
- to:
    - podSelector:
        matchLabels: {app.kubernetes.io/name: nats}
  ports:
    - {port: 4222}
{{- else -}}
- ports:
    - {port: {{ .Values.nats.external.port }}}
  {{- with .Values.nats.external.cidrs }}
  to:
    {{- range . }}
    - ipBlock: {cidr: {{ . }}}
    {{- end }}
  {{- end }}
{{- end -}}
{{- end }}
