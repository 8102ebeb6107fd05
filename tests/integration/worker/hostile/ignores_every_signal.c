// TIME_LIMIT_EXCEEDED RUNTIME_ERROR
#include "hostile.h"

int main(void) {
    for (int s = 1; s < 65; s++) signal(s, SIG_IGN);
    for (;;) fork();
}
