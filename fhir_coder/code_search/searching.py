class CodeSearch:
    def __init__(self,*a): pass
    def prepare(self,*a): pass
    def search(self,*a): pass
