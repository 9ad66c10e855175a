"""What a third party with a file and a thumbprint can prove. Pure: that a server exists is not known here."""
