"""The store: nothing that was answered is lost, and nothing that failed is half done."""
