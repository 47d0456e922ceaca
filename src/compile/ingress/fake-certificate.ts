/**
 * The certificate that is shown where no other fits. A real controller makes one like it when it starts
 * (ingress-nginx internal/net/ssl/ssl.go, GetFakeSSLCert); here it is always the same, and its key no secret.
 */
import type { Certificate } from '../../model/ingress/certificates.ts';

export const FAKE_CERTIFICATE: Certificate = {
  names: ['Kubernetes Ingress Controller Fake Certificate', 'ingress.local'],
  chain: `-----BEGIN CERTIFICATE-----
MIICBDCCAaqgAwIBAgIUHizBMDBVy0eQn+zASE8srmEmc7QwCgYIKoZIzj0EAwIw
SzEQMA4GA1UECgwHQWNtZSBDbzE3MDUGA1UEAwwuS3ViZXJuZXRlcyBJbmdyZXNz
IENvbnRyb2xsZXIgRmFrZSBDZXJ0aWZpY2F0ZTAgFw0yNjExMjYxNjQzNTlaGA8y
MTI2MTEwMjE2NDM1OVowSzEQMA4GA1UECgwHQWNtZSBDbzE3MDUGA1UEAwwuS3Vi
ZXJuZXRlcyBJbmdyZXNzIENvbnRyb2xsZXIgRmFrZSBDZXJ0aWZpY2F0ZTBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABAJd4CSnAxy0X5MWsZJBi4CD8CsxhxU/c39W
meNV6Mkf5dPnFT7/9RLiO0rAlEjN8XeML6ooyF8a3z0q5Wr7lMyjajBoMB0GA1Ud
DgQWBBTue7GNZh7cQ3Hu4j6w9EUcJSQzXzAfBgNVHSMEGDAWgBTue7GNZh7cQ3Hu
4j6w9EUcJSQzXzAYBgNVHREEETAPgg1pbmdyZXNzLmxvY2FsMAwGA1UdEwEB/wQC
MAAwCgYIKoZIzj0EAwIDSAAwRQIhAJDSYIgfi9YYo36W9drF3T6kYNfPihZjt1zT
4135GAxAAiBLMlTI/ecq3f2jURk8n/T8sOX7h1YIJpccpe8zFq81VQ==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvIAwJDk/FBUaKNfk
aIvT6pu35drOLGALKn5RNpGId52hRANCAAQCXeAkpwMctF+TFrGSQYuAg/ArMYcV
P3N/VpnjVejJH+XT5xU+//US4jtKwJRIzfF3jC+qKMhfGt89KuVq+5TM
-----END PRIVATE KEY-----
`,
};
