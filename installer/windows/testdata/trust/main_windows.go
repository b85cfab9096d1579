// Command trust makes Windows trust the authority whose certificate (DER) is in the file that it is given: the store of the whole
// computer, as an administrator's tool does.
package main

import (
	"log"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

func main() {
	der, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	name, err := windows.UTF16PtrFromString("ROOT")
	if err != nil {
		log.Fatal(err)
	}
	store, err := windows.CertOpenStore(windows.CERT_STORE_PROV_SYSTEM_W, 0, 0, windows.CERT_SYSTEM_STORE_LOCAL_MACHINE, uintptr(unsafe.Pointer(name)))
	if err != nil {
		log.Fatal(err)
	}
	certificate, err := windows.CertCreateCertificateContext(windows.X509_ASN_ENCODING|windows.PKCS_7_ASN_ENCODING, &der[0], uint32(len(der)))
	if err != nil {
		log.Fatal(err)
	}
	if err := windows.CertAddCertificateContextToStore(store, certificate, windows.CERT_STORE_ADD_REPLACE_EXISTING, nil); err != nil {
		log.Fatal(err)
	}
	if err := windows.CertCloseStore(store, 0); err != nil {
		log.Fatal(err)
	}
}
