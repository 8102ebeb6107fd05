"""The control plane's serving side: what the translation makes reaches every proxy, over one stream each (ADS).

https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
"""
