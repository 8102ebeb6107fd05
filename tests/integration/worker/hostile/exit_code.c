// RUNTIME_ERROR
#include "hostile.h"

int main(void) {
    return 3;
}
